
BoutputJP[T¿`¿Uþ¼Uñ½5ß¯>N"¾VX²?¶rÈ=ÎuÞ½Wsa?®uï¾¨é“¿ÁQp¾×	'?å}½w”º¾•¡?ÕZÌ>t:Ÿ>SY?